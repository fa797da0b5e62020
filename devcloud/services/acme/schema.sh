# shellcheck shell=bash
# The authority's own HTTPS, which its clients are told to trust; what it signs with is made anew at each of its starts.
openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj "/CN=xwmooc dev cloud" -addext "subjectAltName=IP:$API_IP" \
  -addext basicConstraints=critical,CA:FALSE -keyout /etc/pebble/tls.key -out /etc/pebble/tls.crt
chmod 644 /etc/pebble/tls.key # as public as all credentials here
