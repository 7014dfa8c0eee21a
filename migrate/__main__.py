"""Run the command line with `python -m migrate`."""

from migrate.front import main

if __name__ == "__main__":
    main()
