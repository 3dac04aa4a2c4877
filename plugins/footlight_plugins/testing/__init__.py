"""What plug-in authors test their engines with."""
