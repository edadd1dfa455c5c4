"""Results as files: sealed, looked at before they are believed, exported."""
