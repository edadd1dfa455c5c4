"""The first paths in detail: timeline, attribution, flows by fund, and what must hold on them."""
