"""The Network Config Manager: answers hosts that ask for peers, and tells them when what they learned changes."""
