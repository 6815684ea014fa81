"""The light CRM: vocabulary, database, use cases, web, and the one composition root."""
