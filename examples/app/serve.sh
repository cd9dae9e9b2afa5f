#!/bin/sh
# A web server that ends at once on SIGTERM, as many do.
hostname > name
httpd -f -p "$1" -h . &
server=$!
trap 'kill $server; exit 0' TERM INT
echo "serving on port $1"
wait $server
