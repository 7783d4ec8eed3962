"""The charts we can write to, behind one port (`base.Gateway`). The only code in this app that uses the network."""
