"""The southbound protocol: messages and stubs generated from proto/."""
