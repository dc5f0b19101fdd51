# Programs that run on any Linux: nothing is needed beside them.
{
  pkgs,
  collector,
  ctl,
}:
{
  programs-static =
    pkgs.runCommand "programs-static"
      {
        nativeBuildInputs = [
          pkgs.bubblewrap
          pkgs.file
        ];
      }
      ''
        for program in ${ctl}/bin/http-trace-ctl ${collector}/bin/http-trace-collector; do
          name=$(basename "$program")
          kind=$(file --brief "$program")
          [[ $kind == ELF*static* ]] || { echo "$name: got $kind, takes a static program"; exit 1; }
          size=$(stat --format %s "$program")
          [ "$size" -lt 10000000 ] || { echo "$name: got $size bytes, takes less than 10,000,000"; exit 1; }
          # In a root that has nothing else.
          said=$(bwrap --ro-bind "$program" /program --clearenv /program --version) || { echo "$name does not run alone"; exit 1; }
          echo "$said: $size bytes, $kind"
        done
        # That word is not said of every program.
        kind=$(file --brief --dereference ${pkgs.jq}/bin/jq)
        [[ $kind != ELF*static* ]] || { echo "jq is static, too: $kind"; exit 1; }
        touch $out
      '';
}
