"""Listing any table by the page: filters, sorting, keyset paging, projection."""
