"""Reports: JSON for programs, one web page for people."""
