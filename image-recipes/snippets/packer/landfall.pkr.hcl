# A golden image by Packer: boots a cloud image, runs provision.sh in it, powers off.
# Run: packer init . && packer build -var base=... -var base_checksum=sha256:... .
# Packer's build was not run by Landfall's tests: 'packer validate' is, where Packer is there, and provision.sh is.

variable "base" {
  type = string
}

variable "base_checksum" {
  type = string
}

variable "ssh_private_key_file" {
  type = string
}

# A folder with 'landfall', 'config.toml' and 'policy.toml'.
variable "landfall" {
  type    = string
  default = "landfall"
}

# A NoCloud folder whose user-data lets the key above in.
variable "seed" {
  type    = string
  default = "seed"
}

source "qemu" "golden" {
  iso_url              = var.base
  iso_checksum         = var.base_checksum
  disk_image           = true
  disk_size            = "8G"
  memory               = 2048
  headless             = true
  cd_files             = ["${var.seed}/meta-data", "${var.seed}/user-data"]
  cd_label             = "CIDATA"
  ssh_username         = "debian"
  ssh_private_key_file = var.ssh_private_key_file
  # Over the connection that is open: the seal has taken Packer's key away by then.
  shutdown_command = "sudo systemctl poweroff"
  shutdown_timeout = "10m"
}

build {
  sources = ["source.qemu.golden"]

  # An upload makes no folder.
  provisioner "shell" {
    inline = ["mkdir -p /tmp/landfall"]
  }

  provisioner "file" {
    source      = "${var.landfall}/"
    destination = "/tmp/landfall"
  }

  provisioner "shell" {
    script          = "provision.sh"
    execute_command = "sudo sh '{{ .Path }}' /tmp/landfall"
    # The seal empties /tmp: the script is gone.
    skip_clean = true
  }
}
