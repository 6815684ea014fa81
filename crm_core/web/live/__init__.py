"""The push: one stream per browser of what happens, as far as whoever is logged in may see it."""
