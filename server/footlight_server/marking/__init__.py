"""What is done to every asset before it is answered: stages from plug-ins; keys, redraw, look-up and order are here."""
