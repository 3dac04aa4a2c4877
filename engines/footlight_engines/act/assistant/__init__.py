"""The assistant: understands Chinese and English by rules, searches the catalogue, and answers with reasons."""
