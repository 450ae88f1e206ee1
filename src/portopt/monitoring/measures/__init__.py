"""What is measured, a file a subject: values of this project in, figures out."""
