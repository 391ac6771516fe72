"""``python -m alcor``: the ``alcor`` command, also where it is not on the PATH."""

from alcor.cli.main import main

if __name__ == "__main__":
    main(prog_name="alcor")
