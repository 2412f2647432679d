"""What is known about users and sessions: declared once, governed by Feast, read and written without it."""
