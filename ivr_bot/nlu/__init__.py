"""Intents of free speech: training data in three languages, Rasa as a service, and its twin in this process."""
