# For Packer 1.7 and later, where builders are plugins; leave it out with older ones, which have this one built in.

packer {
  required_plugins {
    qemu = {
      version = ">= 1.1.0"
      source  = "github.com/hashicorp/qemu"
    }
  }
}
