#!/usr/bin/env bash
# Animates speech on a running app, without any client: examples/clients/with_curl.sh [ADDRESS [SPEECH]]
# Leaves talk.glb. Needs curl and, to read its answers, Python's json.
set -euo pipefail
address=${1:-http://127.0.0.1:7860}
speech=${2:-$(dirname "$0")/../speech/welcome.flac}
api=${address%/}/gradio_api
field() { python3 -c 'import json, sys; value = json.load(sys.stdin)
for key in sys.argv[1:]: value = value[int(key) if key.isdigit() else key]
print(value)' "$@"; }

path=$(curl -sf -F "files=@$speech" "$api/upload" | field 0)
asked=$(printf '{"speech": {"path": "%s", "meta": {"_type": "gradio.FileData"}}, "character": "maya", "video": false}' "$path")
event=$(curl -sf -H 'Content-Type: application/json' -d "$asked" "$api/call/v2/talk" | field event_id)
# A stream of events: "generating" with progress, then "complete" or "error".
answer=$(curl -sfN "$api/call/talk/$event" | tee /dev/stderr | grep -A1 -E '^event: (complete|error)' | tail -1)
glb=$(printf '%s' "${answer#data: }" | field 4 url)
curl -sf -o talk.glb "$glb"
echo "talk.glb: $(wc -c <talk.glb) bytes"
