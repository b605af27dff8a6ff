"""The operator's commands, one function each: (settings, options, out) -> exit code. See python -m tickets --help."""
