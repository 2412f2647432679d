"""Tables that the field has published or measured, made again: the source's figure beside ours."""
