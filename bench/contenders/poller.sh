#!/bin/bash
# A poller as git-sync and its likes are: every 10 s a complete comparison, and the switch of a link to what is new.
# The next tree is made of hard links beforehand; --backup-dir moves away what rclone would otherwise write into.
trees=$SITE.trees number=1 changed=
mkdir -p "$trees"
mv "$SITE" "$trees/1"
ln -s "$trees/1" "$SITE"
cp -al "$trees/1" "$trees/2"
for ((passes = 1; ; passes++)); do
  began=$EPOCHSECONDS next=$trees/$((number + 1))
  # The flags are explained in rclone.sh.
  said=$(rclone sync "content:$CONTAINER/$SOURCE" "$next" --backup-dir "$trees/gone" --update --use-server-modtime \
    --fast-list --checkers 8 --transfers 8 --swift-no-large-objects --retries 1 --verbose 2>&1)
  failed=$?
  if grep -Eq ': (Copied|Deleted|Moved)' <<<"$said"; then changed=yes; fi
  if ((failed)); then
    echo "$said" >&2
  else
    if [[ $changed ]]; then
      ln -s "$next" "$SITE.next" && mv -T "$SITE.next" "$SITE"
      rm -rf "$trees/gone" "${trees:?}/$((number - 1))"
      changed=
      cp -al "$next" "$trees/$((++number + 1))"
    fi
    ((passes == 1)) && echo "first pass done"
  fi
  rest=$((began + 10 - EPOCHSECONDS))
  ((rest > 0)) && sleep "$rest"
done
