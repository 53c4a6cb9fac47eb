"""Other people's questions: checked, and answered in a process of their own."""
