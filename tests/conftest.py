"""For every test."""

import signal

# A run started in the background of a shell has Ctrl-C switched off, and so would have the programs tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
