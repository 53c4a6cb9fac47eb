"""The parent and restarter of Modelyard's processes; standard library and ``domain`` only."""
