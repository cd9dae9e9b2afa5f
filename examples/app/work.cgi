#!/bin/sh
# A request that takes some hundredths of a second of CPU time.
i=0
while [ $i -lt 20000 ]; do i=$((i + 1)); done
echo 'Content-Type: text/plain'
echo
echo done
