"""Ways out for messages: e-mail over SMTP, everything else over a provider's HTTP."""
