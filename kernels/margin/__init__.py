"""What brokers require: terms, and one method a file."""
