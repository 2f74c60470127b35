"""`python -m redumbrella`: the `umbrella` command, where its script is not on the path."""

from redumbrella.cli.main import main

if __name__ == "__main__":
    main()
