"""The infobot: scripted calls that speak and listen. Built on the dialer and the CRM core."""
