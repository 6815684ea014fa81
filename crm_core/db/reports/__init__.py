"""What reports read: one module per report. Every query carries the conditions of whoever asks (`asking`)."""
