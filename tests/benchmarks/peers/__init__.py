"""The same sweep under capsweep and under what one would pick instead: see `compare`."""
