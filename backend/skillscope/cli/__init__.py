"""The `skillscope` command line: a command only parses and prints, then calls a plain function of the same name."""
