"""What is written and shown of a calibration: files, a part of a scenario, tables, a picture."""
