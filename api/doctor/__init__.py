"""What is wrong with a deployment, and how to mend it: found by looking, without changing a byte."""
