variable "deletion_protection" {
  description = "Lifts the deletion protection of this environment (false) or adds it (true); null leaves it as main.tf says."
  type        = bool
  default     = null
}

variable "name_suffix" {
  description = "End of the prefix of a second copy of this environment, such as pr42; its state has a key of its own."
  type        = string
  default     = ""
  nullable    = false
}

variable "target" {
  description = "What the AWS provider talks to: aws, or an emulator (local, localstack)."
  type        = string
  default     = "aws"
  nullable    = false

  validation {
    condition     = contains(["aws", "local", "localstack"], var.target)
    error_message = "target must be aws, local or localstack; got \"${var.target}\"."
  }
}
