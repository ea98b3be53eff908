enum PlaceholderSimulator {}
