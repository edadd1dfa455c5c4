"""What figures are drawn with: style, labels, bars, maps."""
