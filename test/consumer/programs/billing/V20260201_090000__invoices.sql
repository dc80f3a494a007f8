CREATE SCHEMA billing;

CREATE TABLE billing.invoices (
  organisation_id uuid NOT NULL REFERENCES iam.organisations (id),
  number integer NOT NULL,
  PRIMARY KEY (organisation_id, number)
);
