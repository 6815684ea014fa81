"""The dialer: which lead is dialed when, how many lines are opened, who takes the person who answers."""
