package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"flag"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A test cluster lives for hours; a day each way keeps a wrong clock from ending it.
const certificateLife = 24 * time.Hour

// runCertificates writes the cluster's CA, the API server's certificate and the key that signs service account tokens.
func runCertificates(arguments []string) error {
	flags := flag.NewFlagSet("certificates", flag.ContinueOnError)
	out := flags.String("out", "", "folder to write to")
	ips := flags.String("ips", "127.0.0.1", "addresses of the API server, by comma")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if *out == "" {
		return fmt.Errorf("certificates: --out names the folder to write to")
	}
	var addresses []net.IP
	for _, text := range strings.Split(*ips, ",") {
		ip := net.ParseIP(text)
		if ip == nil {
			return fmt.Errorf("certificates: %q is no IP address", text)
		}
		addresses = append(addresses, ip)
	}
	authority, authorityKey, err := writeAuthority(*out)
	if err != nil {
		return err
	}
	if err := writeServer(*out, authority, authorityKey, addresses); err != nil {
		return err
	}
	return writeTokenKey(*out)
}

func writeAuthority(out string) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "kubernetes"}, BasicConstraintsValid: true, IsCA: true,
		NotBefore: time.Now().Add(-certificateLife), NotAfter: time.Now().Add(certificateLife),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature,
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	return template, key, writePair(out, "ca", template, template, key, key)
}

func writeServer(out string, authority *x509.Certificate, authorityKey *ecdsa.PrivateKey, addresses []net.IP) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "kube-apiserver"},
		NotBefore: time.Now().Add(-certificateLife), NotAfter: time.Now().Add(certificateLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IPAddresses: addresses,
		DNSNames:    []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"},
	}
	return writePair(out, "apiserver", template, authority, key, authorityKey)
}

// Kubernetes reads this key in its RSA form on every version.
func writeTokenKey(out string) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	return writePem(out, "service-account.key", "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key))
}

func writePair(out, name string, template, parent *x509.Certificate, key, parentKey *ecdsa.PrivateKey) error {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
	if err != nil {
		return err
	}
	if err := writePem(out, name+".crt", "CERTIFICATE", der); err != nil {
		return err
	}
	encoded, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	return writePem(out, name+".key", "EC PRIVATE KEY", encoded)
}

func writePem(out, name, kind string, der []byte) error {
	return os.WriteFile(filepath.Join(out, name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}
