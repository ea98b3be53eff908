enum PlaceholderKioskCore {}
