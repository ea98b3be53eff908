# SPDX-License-Identifier: GPL-3.0-or-later
"""Bumble's software controller, made to behave as a chip does where our host depends on it.

What differs from bumble 0.0.236, each because a host could otherwise pass here and fail on hardware:
RSSI a sender, scan responses only to active scans, advertising types and legacy PDUs of extended sets, event masks,
duplicate filter, a reset that resets, commands refused in the wrong state, a cancelled connection that ends,
an answer to commands the controller does not know, or that have the wrong length.
Source: Bluetooth Core 5.4, volume 4, part E; the sections are named at each rule.
"""

import asyncio
import dataclasses
import os
import random
import struct
import time

from bumble import hci, ll
from bumble.controller import AdvertisingSet, Controller, LegacyAdvertiser
from bumble.core import InvalidPacketError, PhysicalTransport
from bumble.link import LocalLink
from bumble.transport.common import PacketParser

ADV_IND, ADV_DIRECT_IND, ADV_SCAN_IND, ADV_NONCONN_IND = range(4)

EXTENDED_FEATURES = hci.LeFeatureMask.LE_EXTENDED_ADVERTISING | hci.LeFeatureMask.LE_PERIODIC_ADVERTISING

# Volume 4, part E, 3.1.1: a host uses one of these two sets until the next reset.
LEGACY_COMMANDS = {
    hci.HCI_LE_SET_ADVERTISING_PARAMETERS_COMMAND,
    hci.HCI_LE_READ_ADVERTISING_PHYSICAL_CHANNEL_TX_POWER_COMMAND,
    hci.HCI_LE_SET_ADVERTISING_DATA_COMMAND,
    hci.HCI_LE_SET_SCAN_RESPONSE_DATA_COMMAND,
    hci.HCI_LE_SET_ADVERTISING_ENABLE_COMMAND,
    hci.HCI_LE_SET_SCAN_PARAMETERS_COMMAND,
    hci.HCI_LE_SET_SCAN_ENABLE_COMMAND,
    hci.HCI_LE_CREATE_CONNECTION_COMMAND,
}
EXTENDED_COMMANDS = {
    hci.HCI_LE_SET_ADVERTISING_SET_RANDOM_ADDRESS_COMMAND,
    hci.HCI_LE_SET_EXTENDED_ADVERTISING_PARAMETERS_COMMAND,
    hci.HCI_LE_SET_EXTENDED_ADVERTISING_DATA_COMMAND,
    hci.HCI_LE_SET_EXTENDED_SCAN_RESPONSE_DATA_COMMAND,
    hci.HCI_LE_SET_EXTENDED_ADVERTISING_ENABLE_COMMAND,
    hci.HCI_LE_READ_MAXIMUM_ADVERTISING_DATA_LENGTH_COMMAND,
    hci.HCI_LE_READ_NUMBER_OF_SUPPORTED_ADVERTISING_SETS_COMMAND,
    hci.HCI_LE_REMOVE_ADVERTISING_SET_COMMAND,
    hci.HCI_LE_CLEAR_ADVERTISING_SETS_COMMAND,
    hci.HCI_LE_SET_EXTENDED_SCAN_PARAMETERS_COMMAND,
    hci.HCI_LE_SET_EXTENDED_SCAN_ENABLE_COMMAND,
    hci.HCI_LE_EXTENDED_CREATE_CONNECTION_COMMAND,
}

DISALLOWED = hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR
INVALID = hci.HCI_ErrorCode.INVALID_COMMAND_PARAMETERS_ERROR
UNKNOWN_COMMAND = hci.HCI_ErrorCode.UNKNOWN_HCI_COMMAND_ERROR
UNKNOWN_SET = hci.HCI_ErrorCode.UNKNOWN_ADVERTISING_IDENTIFIER_ERROR

EVENT_MASK_DEFAULT = 0x00001FFFFFFFFFFF  # 7.3.1: LE Meta (bit 61) is off until the host asks for it
LE_EVENT_MASK_DEFAULT = 0x1F  # 7.8.1
EVENTS_NEVER_MASKED = {0x0E, 0x0F, 0x13}  # Command Complete, Command Status, Number Of Completed Packets
LE_META = 0x3E


@dataclasses.dataclass
class LegacyPdu(ll.AdvInd):
    """A legacy advertisement on the air. `kind` is an ADV_ constant."""

    kind: int = ADV_IND
    scan_response: bytes = b""
    sender: "RadioController | None" = None


class Air(LocalLink):
    """The link all controllers share."""

    def send_acl_data(self, sender_controller, destination_address, transport, data):
        """As bumble's, but from the address the connection was made with, not always the random one."""
        if transport != PhysicalTransport.LE:
            return
        connection = sender_controller.le_connections.get(destination_address)
        receiver = self.find_le_controller(destination_address)
        if connection and receiver:
            asyncio.get_running_loop().call_soon(
                receiver.on_link_acl_data, connection.self_address, transport, data
            )


class Advertiser(LegacyAdvertiser):
    """Legacy advertising at the interval asked for (bumble takes the 0.625 ms units for milliseconds)."""

    def _on_timer_fired(self) -> None:
        self.send_advertising_data()
        delay = self.advertising_interval_min * 0.000625 + random.uniform(0, 0.01)
        self.timer_handle = asyncio.get_running_loop().call_later(max(delay, 0.02), self._on_timer_fired)

    def send_advertising_data(self) -> None:
        if self.enabled and self.advertising_type in (ADV_IND, ADV_SCAN_IND, ADV_NONCONN_IND):
            self.controller.send_advertising_pdu(
                LegacyPdu(self.address, self.advertising_data, self.advertising_type, self.scan_response_data)
            )


class RadioController(Controller):
    """A controller with a place in the room: every other one hears it at `tx_rssi` dBm, none if that is None."""

    def __init__(self, name: str, air: Air, *, extended: bool = False, tx_rssi: int | None = -50, address: str):
        super().__init__(name, link=air, public_address=address)
        self.tx_rssi = tx_rssi
        self.extended = extended
        if extended:
            self.supported_commands = self.supported_commands | EXTENDED_COMMANDS
        else:
            self.le_features = self.le_features & ~EXTENDED_FEATURES
        self._power_up_state()

    def _power_up_state(self) -> None:
        self.le_legacy_advertiser = Advertiser(self)
        self.advertising_sets = {}
        self.le_scan_enable = False
        self.le_scan_type = 0
        self.le_scan_own_address_type = 0
        self.filter_duplicates = False
        self.pending_le_connection = None
        self._random_address = hci.Address.ANY_RANDOM
        self.event_mask = EVENT_MASK_DEFAULT
        self.le_event_mask = LE_EVENT_MASK_DEFAULT
        self.command_set = None  # LEGACY_COMMANDS or EXTENDED_COMMANDS once the host used one
        self._reported: set[tuple[bytes, int]] = set()

    @property
    def random_address_is_set(self) -> bool:
        return self._random_address != hci.Address.ANY_RANDOM

    # Commands

    def on_packet(self, packet: bytes) -> None:
        if packet[0] == hci.HCI_COMMAND_PACKET and (op := struct.unpack_from("<H", packet, 1)[0]):
            known = hci.HCI_Command.command_classes.get(op)
            if op >> 10 == 0x3F or known is None:
                self._refuse(op, UNKNOWN_COMMAND, complete=False)  # bumble does not answer these
                return
            if not self._has_right_length(packet):
                self._refuse(op, INVALID, complete=issubclass(known, hci.HCI_SyncCommand))
                return
        super().on_packet(packet)

    @staticmethod
    def _has_right_length(packet: bytes) -> bool:
        """Whether a known command has all its parameters, padding included, and no more."""
        try:
            command = hci.HCI_Command.from_bytes(packet)
        except Exception:  # whatever bumble's parser runs into
            return False
        if command.fields:
            return len(hci.HCI_Object.dict_to_bytes(command.__dict__, command.fields)) == len(packet) - 4
        return len(bytes(command)) == len(packet)

    def _refuse(self, op_code: int, error: hci.HCI_ErrorCode, *, complete: bool) -> None:
        if not complete:
            self._send_hci_command_status(error, op_code)
            return
        self.send_hci_packet(
            hci.HCI_Command_Complete_Event(
                num_hci_command_packets=1,
                command_opcode=op_code,
                return_parameters=hci.HCI_StatusReturnParameters(error),
            )
        )

    def on_hci_command_packet(self, command: hci.HCI_Command) -> None:
        error = self._refusal(command)
        if error is not None:
            self._refuse(command.op_code, error, complete=isinstance(command, hci.HCI_SyncCommand))
            return
        if command.op_code in LEGACY_COMMANDS:
            self.command_set = LEGACY_COMMANDS
        elif command.op_code in EXTENDED_COMMANDS:
            self.command_set = EXTENDED_COMMANDS
        super().on_hci_command_packet(command)

    def _refusal(self, command: hci.HCI_Command) -> "hci.HCI_ErrorCode | None":
        """Why a chip would refuse the command now, or None."""
        op = command.op_code
        if not hasattr(self, f"on_{command.name.lower()}"):
            return UNKNOWN_COMMAND
        if op in EXTENDED_COMMANDS and not self.extended:
            return UNKNOWN_COMMAND
        if op in LEGACY_COMMANDS and self.command_set is EXTENDED_COMMANDS:
            return DISALLOWED  # 3.1.1
        if op in EXTENDED_COMMANDS and self.command_set is LEGACY_COMMANDS:
            return DISALLOWED  # 3.1.1
        match command:
            case hci.HCI_LE_Set_Random_Address_Command():  # 7.8.4
                if self.le_legacy_advertiser.enabled or self.le_scan_enable or self.pending_le_connection:
                    return DISALLOWED
            case hci.HCI_LE_Set_Advertising_Parameters_Command():  # 7.8.5
                if self.le_legacy_advertiser.enabled:
                    return DISALLOWED
                low, high = command.advertising_interval_min, command.advertising_interval_max
                if not 0x20 <= low <= high <= 0x4000 or command.advertising_channel_map & 7 == 0:
                    return INVALID
            case hci.HCI_LE_Set_Advertising_Enable_Command():  # 7.8.9
                own = self.le_legacy_advertiser.own_address_type
                if command.advertising_enable and own in (1, 3) and not self.random_address_is_set:
                    return INVALID
            case hci.HCI_LE_Set_Scan_Parameters_Command():  # 7.8.10
                if self.le_scan_enable:
                    return DISALLOWED
                if not 4 <= command.le_scan_window <= command.le_scan_interval <= 0x4000:
                    return INVALID
            case hci.HCI_LE_Set_Scan_Enable_Command():  # 7.8.11
                if command.le_scan_enable and self.le_scan_own_address_type in (1, 3) and not self.random_address_is_set:
                    return INVALID
            case hci.HCI_LE_Set_Advertising_Set_Random_Address_Command():  # 7.8.52
                adv_set = self.advertising_sets.get(command.advertising_handle)
                if adv_set is None:
                    return UNKNOWN_SET
                if adv_set.enabled and adv_set.parameters.advertising_event_properties & 1:
                    return DISALLOWED
            case hci.HCI_LE_Set_Extended_Advertising_Parameters_Command():  # 7.8.53
                adv_set = self.advertising_sets.get(command.advertising_handle)
                if adv_set is not None and adv_set.enabled:
                    return DISALLOWED
                low, high = command.primary_advertising_interval_min, command.primary_advertising_interval_max
                if not 0x20 <= low <= high or command.primary_advertising_channel_map & 7 == 0:
                    return INVALID
                properties = int(command.advertising_event_properties)
                if properties & 0x10 and properties & 0x0F not in (0b0011, 0b0010, 0b0000, 0b0101, 0b1101):
                    return INVALID  # table 7.2: no other legacy PDU exists
                if not properties & 0x10 and properties & 3 == 3:
                    return INVALID
            case hci.HCI_LE_Set_Extended_Advertising_Data_Command():  # 7.8.54
                adv_set = self.advertising_sets.get(command.advertising_handle)
                if adv_set is not None and self._is_legacy(adv_set) and (
                    command.operation not in (3, 4) or len(command.advertising_data) > 31
                ):
                    return INVALID
            case hci.HCI_LE_Set_Extended_Advertising_Enable_Command():  # 7.8.56
                for handle in command.advertising_handles if command.enable else ():
                    adv_set = self.advertising_sets.get(handle)
                    if adv_set is None or adv_set.parameters is None:
                        return UNKNOWN_SET
                    if adv_set.parameters.own_address_type in (1, 3) and adv_set.random_address is None:
                        return INVALID
                if command.enable and not command.advertising_handles:
                    return INVALID
            case hci.HCI_LE_Set_Extended_Scan_Enable_Command():  # 7.8.65
                if command.enable and self.le_scan_own_address_type in (1, 3) and not self.random_address_is_set:
                    return INVALID
            case hci.HCI_LE_Set_Extended_Scan_Parameters_Command():  # 7.8.64
                if self.le_scan_enable:
                    return DISALLOWED
            case hci.HCI_LE_Create_Connection_Cancel_Command():  # 7.8.13
                if self.pending_le_connection is None:
                    return DISALLOWED
        return None

    def on_hci_reset_command(self, command: hci.HCI_Reset_Command):
        self.le_legacy_advertiser.stop()
        for adv_set in self.advertising_sets.values():
            adv_set.stop()
        for connection in list(self.le_connections.values()):
            try:
                connection.send_ll_control_pdu(ll.TerminateInd(hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR))
            except Exception:  # the peer is gone already
                pass
        self.le_connections.clear()
        self._power_up_state()
        return super().on_hci_reset_command(command)

    def on_hci_le_set_scan_enable_command(self, command):
        self._reported.clear()
        return super().on_hci_le_set_scan_enable_command(command)

    def on_hci_le_set_extended_scan_enable_command(self, command):
        self._reported.clear()
        return super().on_hci_le_set_extended_scan_enable_command(command)

    def on_hci_le_set_extended_scan_parameters_command(self, command):
        self.le_scan_type = max(command.scan_types, default=0)
        return super().on_hci_le_set_extended_scan_parameters_command(command)

    def on_hci_le_create_connection_cancel_command(self, command):
        pending, self.pending_le_connection = self.pending_le_connection, None
        event = hci.HCI_LE_Connection_Complete_Event(
            status=hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR,
            connection_handle=0,
            role=hci.Role.CENTRAL,
            peer_address_type=pending.peer_address.address_type,
            peer_address=pending.peer_address,
            connection_interval=0,
            peripheral_latency=0,
            supervision_timeout=0,
            central_clock_accuracy=0,
        )
        asyncio.get_running_loop().call_soon(self.send_hci_packet, event)  # after the Command Complete
        return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.SUCCESS)

    # Events

    def send_hci_packet(self, packet: hci.HCI_Packet) -> None:
        if isinstance(packet, hci.HCI_Event) and not self._wanted(bytes(packet)):
            return
        super().send_hci_packet(packet)

    def _wanted(self, packet: bytes) -> bool:
        """Whether the host's event masks let an event through."""
        code = packet[1]
        if code in EVENTS_NEVER_MASKED:
            return True
        if not self.event_mask >> (code - 1) & 1:
            return False
        return code != LE_META or bool(self.le_event_mask >> (packet[3] - 1) & 1)

    # The air

    @staticmethod
    def _is_legacy(adv_set: AdvertisingSet) -> bool:
        return adv_set.parameters is not None and bool(adv_set.parameters.advertising_event_properties & 0x10)

    def send_advertising_pdu(self, packet: ll.AdvertisingPdu) -> None:
        if isinstance(packet, ll.AdvExtInd):
            adv_set = next(
                (
                    s
                    for s in self.advertising_sets.values()
                    if s.enabled and s.address == packet.advertiser_address and s.parameters.advertising_sid == packet.sid
                ),
                None,
            )
            if adv_set is None:
                return
            if self._is_legacy(adv_set):
                kinds = {0b0011: ADV_IND, 0b0010: ADV_SCAN_IND, 0b0000: ADV_NONCONN_IND}
                kind = kinds.get(int(adv_set.parameters.advertising_event_properties) & 0x0F)
                if kind is None:
                    return  # directed: nobody in the room is meant
                packet = LegacyPdu(
                    packet.advertiser_address, packet.data, kind, bytes(adv_set.scan_response_data)
                )
        packet.sender = self
        super().send_advertising_pdu(packet)

    def on_advertising_pdu(self, pdu) -> None:
        rssi = pdu.sender.tx_rssi
        if rssi is None:
            return
        if self.le_scan_enable:
            for report in self._reports(pdu, rssi):
                self.send_hci_packet(report)
        connectable = not isinstance(pdu, LegacyPdu) or pdu.kind == ADV_IND
        pending = self.pending_le_connection
        if connectable and pending and pending.peer_address == pdu.advertiser_address:
            self.create_le_connection(pdu.advertiser_address)

    def _reports(self, pdu, rssi: int) -> list[hci.HCI_Event]:
        """The advertising report of a PDU heard while scanning, and the scan response an active scan gets."""
        by_extended = self.command_set is EXTENDED_COMMANDS
        if isinstance(pdu, LegacyPdu):
            heard = [(pdu.kind, pdu.data)]
            if self.le_scan_type == 1 and pdu.kind in (ADV_IND, ADV_SCAN_IND):
                heard.append((4, pdu.scan_response))
        elif by_extended:
            heard = [(None, pdu.data)]
        else:
            return []
        events = []
        for kind, data in heard:
            key = (bytes(pdu.advertiser_address), -1 if kind is None else kind)
            if self.filter_duplicates:
                if key in self._reported:
                    continue
                self._reported.add(key)
            events.append(self._extended_report(pdu, kind, data, rssi) if by_extended else self._report(pdu, kind, data, rssi))
        return events

    @staticmethod
    def _report(pdu: LegacyPdu, kind: int, data: bytes, rssi: int) -> hci.HCI_Event:
        return hci.HCI_LE_Advertising_Report_Event(
            [
                hci.HCI_LE_Advertising_Report_Event.Report(
                    event_type=kind,
                    address_type=pdu.advertiser_address.address_type,
                    address=pdu.advertiser_address,
                    data=data,
                    rssi=rssi,
                )
            ]
        )

    @staticmethod
    def _extended_report(pdu, kind: int | None, data: bytes, rssi: int) -> hci.HCI_Event:
        # 7.7.65.13: legacy PDUs have these event types; None is an extended PDU, taken as connectable.
        types = {ADV_IND: 0x13, ADV_SCAN_IND: 0x12, ADV_NONCONN_IND: 0x10, 4: 0x1B, None: 0x01}
        if kind == 4 and pdu.kind == ADV_SCAN_IND:
            types[4] = 0x1A
        return hci.HCI_LE_Extended_Advertising_Report_Event(
            [
                hci.HCI_LE_Extended_Advertising_Report_Event.Report(
                    event_type=types[kind],
                    address_type=pdu.advertiser_address.address_type,
                    address=pdu.advertiser_address,
                    primary_phy=hci.Phy.LE_1M,
                    secondary_phy=0 if kind is not None else hci.Phy.LE_1M,
                    advertising_sid=0xFF if kind is not None else pdu.sid,
                    tx_power=0x7F,
                    rssi=rssi,
                    periodic_advertising_interval=0,
                    direct_address_type=0,
                    direct_address=hci.Address.ANY,
                    data=data,
                )
            ]
        )


class H4Server:
    """A controller's UART as a Unix socket, one host at a time (the newest), with faults on demand.

    `hang` is None; "commands": commands are swallowed while adverts still come; "all": nothing comes at all.
    What was swallowed stays unanswered. The controller lives on when a host goes, as a chip on a UART does.
    """

    BUFFER_MAX = 1 << 20  # bytes a host may leave unread before its events are lost, as a UART's would be

    def __init__(self, path: str, controller: RadioController):
        self.path = path
        self.controller = controller
        self.hang: str | None = None
        self.connections = 0
        self.commands: list[tuple[float, int]] = []  # time, opcode; the last 10 000
        self.lost_events = 0
        self._server: asyncio.Server | None = None
        self._client: asyncio.Transport | None = None
        controller.set_packet_sink(self)

    async def open(self) -> None:
        try:
            os.unlink(self.path)
        except FileNotFoundError:
            pass
        self._server = await asyncio.get_running_loop().create_unix_server(lambda: _H4Protocol(self), self.path)

    async def close(self) -> None:
        """Drops the host and the socket."""
        if self._server:
            self._server.close()
            self._server = None
        if self._client:
            self._client.abort()
            self._client = None
        try:
            os.unlink(self.path)
        except FileNotFoundError:
            pass

    async def interrupt(self, seconds: float) -> None:
        """Closes, waits, opens again."""
        await self.close()
        await asyncio.sleep(seconds)
        await self.open()

    @property
    def connected(self) -> bool:
        return self._client is not None

    def send_garbage(self, data: bytes) -> None:
        """Bytes no controller sent, between two packets."""
        if self._client:
            self._client.write(data)

    def on_packet(self, packet: bytes) -> None:
        """A packet from the controller to the host."""
        if self._client is None or self.hang == "all":
            return
        if self._client.get_write_buffer_size() > self.BUFFER_MAX:
            self.lost_events += 1
            return
        self._client.write(packet)

    def on_host_packet(self, packet: bytes) -> None:
        if packet[0] == hci.HCI_COMMAND_PACKET:
            self.commands.append((time.time(), struct.unpack_from("<H", packet, 1)[0]))
            del self.commands[:-10_000]
        if self.hang is None:
            self.controller.on_packet(packet)


class _H4Protocol(asyncio.Protocol):
    def __init__(self, server: H4Server):
        self.server = server
        self.parser = PacketParser(self)
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport) -> None:
        self.transport = transport
        old, self.server._client = self.server._client, transport
        self.server.connections += 1
        if old:
            old.abort()

    def data_received(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except InvalidPacketError:
            pass  # the rest of the chunk is lost, as on a UART out of step

    def on_packet(self, packet: bytes) -> None:
        if self.server._client is self.transport:
            self.server.on_host_packet(packet)

    def connection_lost(self, exc) -> None:
        if self.server._client is self.transport:
            self.server._client = None
