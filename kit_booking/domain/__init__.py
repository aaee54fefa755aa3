"""The rules, pure: values in, values out; no Flask, no database, no clock."""
