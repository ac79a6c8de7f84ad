#!/usr/bin/env bash
# The document of the API is a valid one, by a validator from npm, and a client in TypeScript that is
# generated from it calls the service. npm's packages are pinned by package-lock.json, and stay beside the
# built programs.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/serve_lib.sh"
. "$here/http_lib.sh"
command -v npm >/dev/null && command -v node >/dev/null || skip "node and npm are not installed (packages nodejs, npm)"
[ "$(node -p 'process.versions.node.split(".")[0]')" -ge 18 ] || skip "node $(node --version) is older than 18, which has no fetch"
packages=$(realpath -m "$SOUK_BIN/../http_client")
mkdir -p "$packages"
cp "$here"/http_client/* "$packages"
cd "$packages" || exit 1
if ! cmp -s package-lock.json installed.json; then
    npm ci --no-audit --no-fund --loglevel=error >npm.log 2>&1 || skip "npm could not fetch the packages: $(tail -1 npm.log)"
    cp package-lock.json installed.json
fi
cp "$here/../../serve/http/pages/openapi.json" .

npx --no-install validate-api openapi.json >validate.txt || fail "openapi.json is not valid: $(head -20 validate.txt)"
sed 's/"responses"/"responsen"/' openapi.json >wrong.json
npx --no-install validate-api wrong.json >validate.txt && fail "the validator finds nothing wrong with what is"
npx --no-install openapi-typescript openapi.json -o api.d.ts >generate.txt 2>&1 || fail "no client: $(tail -3 generate.txt)"
npx --no-install tsc -p . >tsc.txt || fail "the client does not compile: $(head -5 tsc.txt)"

cd "$work" || exit 1
"$SOUK_BIN/make_model" good.model 200 300 16 4 1 || fail "make_model"
replica shard0 good.model 0/1
http_proxy proxy "ipc://$work/shard0" --deadline 5s --events "sqlite:$work/events.db"
node "$packages/client.js" || fail "the client"
stop_fleet
finish
