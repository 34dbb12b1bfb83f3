"""The contenders are programs to be run, not modules to be collected."""

collect_ignore_glob = ["*.py"]
