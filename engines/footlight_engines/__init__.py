"""The built-in algorithms. They come into the server as plug-ins, through the same door as everyone else's."""
