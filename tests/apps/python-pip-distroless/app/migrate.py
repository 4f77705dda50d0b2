import os
from pathlib import Path

Path("/var/lib/notes/migrated").write_text(f"migrated, with a token of {len(os.environ['TOKEN'])} letters")
