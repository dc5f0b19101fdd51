# What nix run .#push-collector does when the image is in the registry: a directory for kubectl apply -k, with the image's name and
# a token. `$manifests` are those of k8s/collector, `$pushed` is the image's name by digest, `$directory` what is written.

# The token of an earlier call stays: filters have it.
token=
if [ -e "$directory/token.env" ]; then
  token=$(sed -n 's/^token=//p' "$directory/token.env")
fi
[ -n "$token" ] || token=$(od --address-radix=n --format=x1 --read-bytes=20 /dev/urandom | tr -d ' \n')

rm -rf "$directory/base"
mkdir -p "$directory/base"
cp --no-preserve=mode "$manifests"/*.yaml "$directory/base/"
(
  # Whoever reads the token reads the traffic.
  umask 077
  echo "token=$token" >"$directory/token.env"
  printf '{"collector": {"headers": {"authorization": "Bearer %s"}}}\n' "$token" >"$directory/filter.json"
)
cat >"$directory/kustomization.yaml" <<YAML
# Written by nix run .#push-collector. token.env and filter.json have the token: keep them to yourself.
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: http-trace
resources:
  - base
images:
  - name: http-trace-collector
    newName: "${pushed%@*}"
    digest: "${pushed#*@}"
secretGenerator:
  - name: collector
    envs: [token.env]
YAML
cat >&2 <<TEXT
$directory holds the collector with this image, its token in token.env, and filter.json, which tells the filter the token. Next:

  kubectl apply -k $directory
  nix run .#deploy -- NAMESPACE --collector collector.http-trace.svc.cluster.local:9000 --config $directory/filter.json
  kubectl port-forward --namespace http-trace service/collector 9000

and open http://127.0.0.1:9000/#token=$token
TEXT
echo "$pushed"
