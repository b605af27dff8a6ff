"""The ground under every room: values that hide themselves, masking of contact data, the one log pipe."""
